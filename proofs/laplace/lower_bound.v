(* What follows from the identity T2 alone, for i.i.d. tokens of any law.

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, L >= 1, w > 0
   a weight, p_i = w(X_i) / sum_j w(X_j), f = (f_0, ..., f_{n-1}) with E|f|^2 finite.

     lower_bound   theorem T19, for E w = 1:
                     E|sum_i p_i f(X_i)|^2 >= L E[(w |f| / (w + L - 1))^2]
     slow_growth   theorem T20: with E(L) the left side at L tokens, L' >= L >= 2,
                     E(L') <= L'(L'-1) / (L(L-1)) E(L)

   In T2 the term of pairs is not negative.  T19: the other is
   INT t L h phi^{L-1} dt with phi(t) >= e^{-t} (Jensen), and INT t e^{-t(w+L-1)} dt
   = (w+L-1)^{-2}.  (That E[w f] = 0 is not used.)  T20: phi <= 1 compares the two
   integrands at every t. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require Import gamma_integral laplace_identity_abstract laplace_identity.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Transform.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Let Emu := probability_expectation mu1.

Let Ie t : 0 <= t -> Pint mu (fun x => rexp (- t * w x)).
Proof. by move=> /RleP t0; exact: (Pint_laplace mu1 mw w0). Qed.

Lemma laplace_transform_le1 t : 0 <= t -> laplace_transform mu w t <= 1.
Proof.
move=> t0; have := @Ex_mono _ Emu _ _ (Ie t0) (Int_const Emu 1) _.
rewrite Ex_const => H; apply/RleP; apply: H => x; rewrite -exp_0; apply: exponential_bounds.exp_le_compat.
by apply/RleP; rewrite mulNr oppr_le0 mulr_ge0// ltW.
Qed.

Lemma laplace_transform_ge_exp t : Pint mu w -> \int[mu]_x w x = 1 -> 0 <= t ->
  rexp (- t) <= laplace_transform mu w t.
Proof.
move=> Iw w_mean t0; have := @laplace_ge_exp _ Emu w t Iw (Ie t0).
by rewrite [Ex Emu w]w_mean Rmult_1_r => /RleP.
Qed.

End Transform.

Lemma rexpMn (x : RR) n : rexp x ^+ n = rexp (n%:R * x).
Proof.
elim: n => [|n IH]; first by rewrite expr0 mul0r -[RHS]/(Rtrigo_def.exp 0) exp_0.
by rewrite exprS IH -rexpD mulrSr mulrDl mul1r addrC.
Qed.

Section LowerBound.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis L_pos : (0 < L)%N.
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Hypothesis Iw : mu.-integrable setT (EFin \o w).
Hypothesis w_mean : \int[mu]_x w x = 1.
Variables (n : nat) (f : 'I_n -> T -> RR).
Hypothesis mf : forall k, measurable_fun setT (f k).
Hypothesis If2 : forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E).

Let phi := laplace_transform mu w.
Let h t := \sum_(k < n) laplace_second mu w (f k) t.
Let L1 : 0 <= L%:R - 1 :> RR. Proof. by rewrite subr_ge0 ler1n. Qed.
Let V x := w x + (L%:R - 1).
Let V0 x : 0 < V x. Proof. by rewrite ltr_paddr. Qed.
Let N (x : T) : RR := \sum_(k < n) (w x * f k x) ^+ 2.
Let mN : measurable_fun setT N.
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun k x => (w x * f k x) ^+ 2)) => k.
by apply/measurable_fun_sqr/measurable_funM.
Qed.
Let N0 x : 0 <= N x. Proof. by apply: sumr_ge0 => k _; exact: sqr_ge0. Qed.
Let mV : measurable_fun setT V.
Proof. by apply: measurable_funD => //; exact: measurable_fun_cst. Qed.

Let second_integrable k t := @Pint_laplace_second _ _ mu mu1 w mw w0 n f mf If2 k t.

(* E[N e^{-tw}] = h(t) *)
Let hE t : 0 < t -> (\int[mu]_x (N x * rexp (- t * w x))%:E = (h t)%:E)%E.
Proof.
move=> t0; rewrite (eq_integral (fun x => (\sum_(k < n) ((w x * f k x) ^+ 2 * rexp (- t * w x))%:E)%E)); last first.
  by move=> x _; rewrite sumEFin mulr_suml.
rewrite ge0_integral_sum//; last 2 first.
- by move=> k; case: (second_integrable k t0).
- by move=> k x _; rewrite lee_fin mulr_ge0 ?sqr_ge0//; exact/ltW/rexp_gt0.
rewrite -sumEFin; apply: eq_bigr => k _.
by rewrite (Pmean_integral (second_integrable k t0)).
Qed.

(* E[N / (w + L - 1)^2] as an integral over t *)
Let value (t : RR) : RR := t * (rexp (- t * (L%:R - 1)) * h t).
Let valueE t : half_line t ->
  ((t ^+ 1 / (1`!)%:R)%:E * \int[mu]_x (N x * rexp (- t * V x))%:E)%E = (value t)%:E.
Proof.
rewrite half_lineP => t0; rewrite expr1 factS fact0 muln1 divr1 EFinM; congr (_ * _)%E.
rewrite EFinM -hE// -ge0_integralM//.
- apply: eq_integral => x _; rewrite -EFinM mulrCA; congr ((_ * _)%:E).
  by rewrite -rexpD /V -mulrDr addrC.
- apply/EFin_measurable_fun/measurable_funM => //.
  by apply: (measurable_fun_comp measurable_fun_exp); exact: measurable_funrM.
- by move=> x _; rewrite lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
- by rewrite lee_fin; exact/ltW/rexp_gt0.
Qed.

Theorem lower_bound :
  (L%:R%:E * \int[mu]_x ((\sum_(k < n) f k x ^+ 2) * (w x / (w x + (L%:R - 1))) ^+ 2)%:E
   <= \int[P]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E)%E.
Proof.
have -> : (\int[mu]_x ((\sum_(k < n) f k x ^+ 2) * (w x / (w x + (L%:R - 1))) ^+ 2)%:E =
    \int[mu]_x (N x / V x ^+ 2)%:E)%E.
  apply: eq_integral => x _; congr EFin; rewrite exprMn exprVn mulrA; congr (_ / _).
  by rewrite mulrC mulr_sumr; apply: eq_bigr => k _; rewrite exprMn.
rewrite (gamma_tonelli mu1 1 mN N0 mV V0).
have mE : measurable_fun half_line (fun t => (value t)%:E).
  apply: eq_measurable_fun (measurable_gamma_mean mu1 1 mN N0 mV) => t; rewrite inE.
  exact: valueE.
rewrite (eq_integral (fun t => (value t)%:E)); last by move=> t; rewrite inE => t0; rewrite -valueE.
rewrite (laplace_error P1 mu1 L_pos HX mw w0 mf If2).
have h0 t : 0 <= h t by apply: sumr_ge0 => k _; exact: laplace_second_ge0.
rewrite -ge0_integralM//; last 2 first.
- exact: measurable_half_line.
- by move=> t; rewrite half_lineP => t0; rewrite lee_fin mulr_ge0 ?(ltW t0)// mulr_ge0//; exact/ltW/rexp_gt0.
apply: ge0_le_integral.
- exact: measurable_half_line.
- move=> t; rewrite half_lineP => t0; rewrite -EFinM lee_fin mulr_ge0 ?ler0n// mulr_ge0 ?(ltW t0)// mulr_ge0//.
  exact/ltW/rexp_gt0.
- by apply: measurable_funeM.
- by move=> t; rewrite half_lineP => t0; rewrite lee_fin laplace_integrand_ge0// ltW.
- exact: (measurable_laplace_integrand P1 mu1 HX mw w0 mf If2).
move=> t; rewrite half_lineP => t0; rewrite -EFinM lee_fin mulrCA ler_wpmul2l ?(ltW t0)//.
apply: (@le_trans _ _ (L%:R * h t * phi t ^+ (L - 1))).
  rewrite -mulrA ler_wpmul2l ?ler0n// mulrC ler_wpmul2l//.
  have -> : rexp (- t * (L%:R - 1)) = rexp (- t) ^+ (L - 1).
    by rewrite rexpMn natrB// mulrC.
  apply: ler_expn2r; rewrite ?nnegrE ?laplace_transform_ge0 ?(ltW (rexp_gt0 _))//.
  exact: (laplace_transform_ge_exp mu1 mw w0 Iw w_mean (ltW t0)).
by rewrite ler_addl laplace_pairs_ge0.
Qed.
End LowerBound.

Section SlowGrowth.
Context d1 d2 d' (Om1 : measurableType d1) (Om2 : measurableType d2) (T : measurableType d').
Variables (P1 : {measure set Om1 -> \bar RR}) (P2 : {measure set Om2 -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1_1 : P1 setT = 1%E.
Hypothesis P2_1 : P2 setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L L' : nat) (X : nat -> Om1 -> T) (X' : nat -> Om2 -> T).
Hypothesis HX : iid_with_law P1 mu L X.
Hypothesis HX' : iid_with_law P2 mu L' X'.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Variables (n : nat) (f : 'I_n -> T -> RR).
Hypothesis mf : forall k, measurable_fun setT (f k).
Hypothesis If2 : forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E).

Theorem slow_growth : (2 <= L <= L')%N ->
  (\int[P2]_o (\sum_(k < n) (weighted_mean L' X' w (f k) o) ^+ 2)%:E
   <= (L'%:R * (L'%:R - 1) / (L%:R * (L%:R - 1)))%:E *
      \int[P1]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E)%E.
Proof.
move=> /andP[L2 LL].
have L0 : (0 < L)%N by exact: leq_trans L2.
have L0' : (0 < L')%N by exact: leq_trans LL.
rewrite (laplace_error P1_1 mu1 L0 HX mw w0 mf If2) (laplace_error P2_1 mu1 L0' HX' mw w0 mf If2).
have M := measurable_laplace_integrand P1_1 mu1 HX mw w0 mf If2.
have M' := measurable_laplace_integrand P2_1 mu1 HX' mw w0 mf If2.
have l0 : 0 < L%:R :> RR by rewrite ltr0n.
have l1 : 0 < L%:R - 1 :> RR by rewrite subr_gt0 ltr1n.
have l1' : 0 <= L'%:R - 1 :> RR by rewrite subr_ge0 ler1n.
have ll : L%:R <= L'%:R :> RR by rewrite ler_nat.
pose c : RR := L'%:R * (L'%:R - 1) / (L%:R * (L%:R - 1)).
have c0 : 0 <= c by rewrite divr_ge0 ?mulr_ge0 ?ler0n ?(ltW l1).
have c2 : c * (L%:R * (L%:R - 1)) = L'%:R * (L'%:R - 1).
  by rewrite divfK// mulf_neq0 ?gt_eqF.
have c1 : L'%:R <= c * L%:R.
  rewrite -(ler_pmul2r l1) -mulrA c2 ler_wpmul2l ?ler0n//.
  by rewrite ler_sub.
rewrite -/c -ge0_integralM//; last 2 first.
- exact: measurable_half_line.
- by move=> t; rewrite half_lineP => t0; rewrite lee_fin laplace_integrand_ge0// ltW.
apply: ge0_le_integral.
- exact: measurable_half_line.
- by move=> t; rewrite half_lineP => t0; rewrite lee_fin laplace_integrand_ge0// ltW.
- exact: M'.
- by move=> t; rewrite half_lineP => t0; rewrite mule_ge0// lee_fin// laplace_integrand_ge0// ltW.
- exact: measurable_funeM.
move=> t; rewrite half_lineP => t0; rewrite -EFinM lee_fin /laplace_integrand mulrCA ler_wpmul2l ?(ltW t0)//.
set h := \sum_(k < n) laplace_second mu w (f k) t; set g := \sum_(k < n) laplace_first mu w (f k) t ^+ 2.
have h0 : 0 <= h by apply: sumr_ge0 => k _; exact: laplace_second_ge0.
have g0 : 0 <= g by apply: sumr_ge0 => k _; exact: sqr_ge0.
set phi := laplace_transform mu w t.
have p0 : 0 <= phi by exact: laplace_transform_ge0.
have p1 : phi <= 1 by exact: (laplace_transform_le1 mu1 mw w0 (ltW t0)).
have pE k : phi ^+ (L' - k) <= phi ^+ (L - k) by apply: ler_wiexpn2l => //; exact: leq_sub2r.
have E1 : c * (L%:R * h * phi ^+ (L - 1)) = c * L%:R * h * phi ^+ (L - 1) by rewrite !mulrA.
have E2 : c * (L%:R * (L%:R - 1) * g * phi ^+ (L - 2)) = L'%:R * (L'%:R - 1) * g * phi ^+ (L - 2).
  by rewrite -c2 !mulrA.
rewrite [X in _ <= X]mulrDr E1 E2; apply: ler_add.
  by apply: ler_pmul; rewrite ?mulr_ge0 ?exprn_ge0 ?ler0n// ler_wpmul2r.
by apply: ler_pmul; rewrite ?mulr_ge0 ?exprn_ge0 ?ler0n.
Qed.
End SlowGrowth.
