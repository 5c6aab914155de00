(* Theorem T15 (fractional-moments): the error and the participation ratio by moments of
   the weight of orders q, q' in [1,2] only.

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, L >= 3, w > 0 a
   weight, p_i = w(X_i) / sum_j w(X_j), f = (f_0, ..., f_{n-1}) with E[w f] = 0 and E|f|^2
   finite, phi(t) = E e^{-tw}.  With

     weight_moment mu w q        M_q = E w^q
     output_moment mu w f q      E[w^q f^2], one coordinate of A_q
     fractional_constant q       k_q = Gamma(q) ((2-q)/e)^{2-q}
     fractional_bound L q q' th c ph A M A' F0
                                 k_q A L / (c(L-1))^q + Gamma(2q') M A' L(L-1) / (c(L-2))^{2q'}
                                 + e^{-th} L F0 ph^{L-1} / (1-th)

   and any t0 > 0, 0 < th < 1, c > 0 with phi(t0) <= e^{-c t0}, ph >= phi(th t0):

     fractional_moments    E|sum_i p_i f(X_i)|^2 <= fractional_bound at A_q, M_q', A_q', F0
     fractional_participation
                           E sum_i p_i^2 <= k_q M_q L / (c(L-1))^q + e^{-th} ph^L / (1-th)

   The theory page has c = - ln phi(t0) / t0 and ph = phi(th t0), or upper bounds of phi in
   the place of phi. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums self_normalised abstract_expectation independence integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require Import gamma_integral gamma_function laplace_identity lower_bound fractional_cut.
From AttentionBounds.laplace Require fractional_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Definition fractional_constant (q : RR) : RR :=
  gamma_function q * Rpower.Rpower ((2%:R - q) / rexp 1) (2%:R - q).

Definition fractional_bound (L : nat) (q q' th c ph A M A' F0 : RR) : RR :=
  fractional_constant q * A * L%:R / Rpower.Rpower (c * (L%:R - 1)) q
  + gamma_function (2%:R * q') * (M * A') * (L%:R * (L%:R - 1)) / Rpower.Rpower (c * (L%:R - 2%:R)) (2%:R * q')
  + rexp (- th) * (L%:R * F0 * ph ^+ (L - 1)) / (1 - th).

Section Moments.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}) (w : T -> RR).
Definition weight_moment (q : RR) : RR := \int[mu]_x Rpower.Rpower (w x) q.
Definition output_moment (f : T -> RR) (q : RR) : RR := \int[mu]_x (Rpower.Rpower (w x) q * f x ^+ 2).
End Moments.

(* ---- pointwise bounds of the integrand ---- *)

Section Scalar.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis L3 : (3 <= L)%N.
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Variables (t0 th c ph : RR).
Hypothesis t0_pos : 0 < t0.
Hypothesis th_pos : 0 < th.
Hypothesis th_lt1 : th < 1.
Hypothesis c_pos : 0 < c.
Let phi := laplace_transform mu w.
Hypothesis phi_le : phi t0 <= rexp (- (c * t0)).
Hypothesis ph_ge : phi (th * t0) <= ph.
Let Emu := probability_expectation mu1.
Let mX := proj1 HX.
Let W o := \sum_(j < L) w (X j o).
Let D : set RR := [set` `]0%R, t0]%R].
Let L_pos : (0 < L)%N. Proof. exact: leq_trans L3. Qed.
Let mD : measurable D. Proof. exact: measurable_itv. Qed.
Let D0 : D `<=` half_line.
Proof. by move=> t; rewrite /D /= in_itv/= => /andP[h _]; rewrite half_lineP. Qed.
Let phi0 t : 0 <= phi t. Proof. exact: laplace_transform_ge0. Qed.
Let w0R x : Rlt 0 (w x). Proof. exact/RltP. Qed.

(* phi(t)^m <= e^{-cmt} on (0, t0] *)
Let transform_power_le (t : RR) (m : nat) : D t -> phi t ^+ m <= rexp (- (c * m%:R * t)).
Proof.
rewrite /D /= in_itv/= => /andP[t1 t2].
have H : phi t <= rexp (- (c * t)).
  apply/RleP; apply: (@fractional_abstract.transform_le_exp T Emu w (Pint_laplace mu1 mw w0) t0 c t).
  - exact/RltP.
  - by split; apply/RleP => //; exact: ltW.
  - exact/RleP.
have -> : rexp (- (c * m%:R * t)) = rexp (- (c * t)) ^+ m.
  by rewrite rexpMn mulrN [m%:R * _]mulrC mulrAC.
by apply: ler_expn2r; rewrite ?nnegrE ?phi0// ltW// rexp_gt0.
Qed.

Let l1 : 0 < c * (L - 1)%:R. Proof. by rewrite mulr_gt0// ltr0n subn_gt0 ltnW. Qed.
Let l2 : 0 < c * (L - 2)%:R. Proof. by rewrite mulr_gt0// ltr0n subn_gt0. Qed.

Let power_shift (t p : RR) : 0 < t -> t * Rpower.Rpower t (p - 2%:R) = Rpower.Rpower t (p - 1) :> RR.
Proof.
move=> t1; rewrite -{1}[t](Rpower_1 t (elimT (RltP _ _) t1)) -RmultE -Rpower_plus; congr Rpower.Rpower.
rewrite -IZR2E; change (Rplus (IZR 1) (Rplus p (Ropp (IZR 2))) = Rplus p (Ropp (IZR 1))).
by Lra.lra.
Qed.

(* the integral over (0, t0] of a t^{q-1} e^{-bt} is at most a Gamma(q)/b^q *)
Let head_le (q b a : RR) : 1 <= q -> q <= 4%:R -> 0 < b -> 0 <= a ->
  (\int[lebesgue_line]_(t in half_line) (a * (Rpower.Rpower t (q - 1) * rexp (- (b * t))))%:E
   = (a * (gamma_function q / Rpower.Rpower b q))%:E)%E.
Proof.
move=> q1 q4 b0 a0; under eq_integral do rewrite EFinM.
rewrite ge0_integralM//; first by rewrite gamma_scaling// EFinM.
- exact: measurable_half_line.
- exact: measurable_gamma_integrand.
- by move=> t _; rewrite lee_fin mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0.
Qed.

Let msum (u : T -> RR) : measurable_fun setT u -> measurable_fun setT (fun o => \sum_(i < L) u (X i o) : RR).
Proof.
move=> mu_; apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => u (X j o))) => j.
by apply: (measurable_fun_comp mu_); exact: mX.
Qed.
Let mW : measurable_fun setT W. Proof. exact: msum. Qed.
Let W0 o : 0 < W o.
Proof.
rewrite /W (bigD1 (Ordinal L_pos))//= ltr_paddr//.
by apply: sumr_ge0 => j _; exact/ltW.
Qed.
Let c0 : 0 <= rexp (- th) / (1 - th).
Proof. by rewrite divr_ge0 ?(ltW (rexp_gt0 _))// subr_ge0 ltW. Qed.

(* what is below t0, when t E[N e^{-tW}] is at most B(t) there *)
Let head_bound (N : Om -> RR) (v B : RR -> RR) (total : RR) : measurable_fun setT N -> (forall o, 0 <= N o) ->
  (forall t, 0 < t -> (\int[P]_o (N o * rexp (- t * W o))%:E = (v t)%:E)%E) ->
  (forall t, D t -> t * v t <= B t) ->
  (forall t, 0 < t -> 0 <= B t) -> measurable_fun half_line (fun t => (B t)%:E) ->
  (\int[lebesgue_line]_(t in half_line) (B t)%:E = total%:E)%E ->
  (\int[lebesgue_line]_(t in D) ((t ^+ 1 / (1`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E) <= total%:E)%E.
Proof.
move=> mN N0 vE vB B0 mB <-.
have DP t : D t -> 0 < t by move=> /D0; rewrite half_lineP.
apply: (@le_trans _ _ (\int[lebesgue_line]_(t in D) (B t)%:E)%E); last first.
  apply: (subset_integral lebesgue_line mD measurable_half_line mB _ D0) => t.
  by rewrite half_lineP lee_fin; exact: B0.
apply: ge0_le_integral; first exact: mD.
- move=> t /DP t1; rewrite mule_ge0//.
    by rewrite lee_fin divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t1).
  by apply: integral_ge0 => o _; rewrite lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
- exact: (measurable_domain_mean P1 1 mN N0 mW mD D0).
- by move=> t /DP t1; rewrite lee_fin B0.
- exact: (measurable_funS measurable_half_line D0 mB).
move=> t tD; rewrite vE ?DP// -EFinM lee_fin expr1 factS fact0 muln1 divr1.
exact: vB.
Qed.

(* ---- participation ---- *)

Variable q : RR.
Hypothesis q1 : 1 <= q.
Hypothesis q2 : q <= 2%:R.
Let q4 : q <= 4%:R. Proof. by apply: le_trans q2 _; rewrite ler_nat. Qed.
Let kappa : RR := Rpower.Rpower ((2%:R - q) / rexp 1) (2%:R - q).
Let q2R : Rle q 2. Proof. by apply/RleP; rewrite IZR2E. Qed.

(* E[(w f)^2 e^{-tw}] <= kappa t^{q-2} E[w^q f^2] *)
Let second_le (f : T -> RR) t : measurable_fun setT f -> Pint mu (fun x => f x ^+ 2) ->
  Pint mu (fun x => Rpower.Rpower (w x) q * f x ^+ 2) -> 0 < t ->
  laplace_second mu w f t <= kappa * Rpower.Rpower t (q - 2%:R) * output_moment mu w f q.
Proof.
move=> mf If2 IA t1.
have If2' : Pint mu (fun x => `|f x| ^+ 2).
  by apply: Pint_ext If2 => x; rewrite real_normK ?num_real.
have I2 : Pint mu (fun x => Rmult (pow (Rmult (w x) (f x)) 2) (Rtrigo_def.exp (Rmult (Ropp t) (w x)))).
  have := @Pint_weight_function _ _ mu mu1 w mw w0 2 2 f t t1 mf If2'; apply: Pint_ext => x.
  by rewrite pow2E exprMn.
have IA' : Pint mu (fun x => Rmult (Rpower.Rpower (w x) q) (pow (f x) 2)).
  by apply: Pint_ext IA => x; rewrite pow2E.
have := @fractional_abstract.second_moment_le T Emu w w0R f t (elimT (RltP _ _) t1) q q2R IA' I2.
have -> : Ex Emu (fun x => Rmult (pow (Rmult (w x) (f x)) 2) (Rtrigo_def.exp (Rmult (Ropp t) (w x)))) = laplace_second mu w f t :> RR.
  by rewrite -[Ex Emu _]/(Pmean mu _) /Pmean /laplace_second /Rintegral; congr fine; apply: eq_integral => x _; rewrite pow2E.
have -> : Ex Emu (fun x => Rmult (Rpower.Rpower (w x) q) (pow (f x) 2)) = output_moment mu w f q :> RR.
  by rewrite -[Ex Emu _]/(Pmean mu _) /Pmean /output_moment /Rintegral; congr fine; apply: eq_integral => x _; rewrite pow2E.
by move=> /RleP; rewrite /kappa !RmultE RdivE' !RminusE IZR2E; exact.
Qed.

Let bump (p b a : RR) (t : RR) : RR := a * (Rpower.Rpower t (p - 1) * rexp (- (b * t))).
Let bump0 p b a t : 0 <= a -> 0 <= bump p b a t.
Proof. by move=> a0; rewrite mulr_ge0// mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0. Qed.
Let mbump p b a : measurable_fun half_line (fun t => (bump p b a t)%:E).
Proof.
rewrite (_ : (fun t => _) = (fun t : RR => a%:E * (Rpower.Rpower t (p - 1) * rexp (- (b * t)))%:E)%E).
  by apply: measurable_funeM; exact: measurable_gamma_integrand.
by apply/funext => t; rewrite /bump EFinM.
Qed.

(* t h phi^{L-1} on (0, t0] *)
Let single_le (h A t : RR) : 0 <= h -> h <= kappa * Rpower.Rpower t (q - 2%:R) * A -> D t ->
  t * (L%:R * h * phi t ^+ (L - 1)) <= bump q (c * (L - 1)%:R) (L%:R * (kappa * A)) t.
Proof.
move=> h0 H tD; have t1 : 0 < t by have := D0 tD; rewrite half_lineP.
rewrite /bump -power_shift//; move: (transform_power_le (L - 1) tD) H.
set e := rexp _; set R := Rpower.Rpower t _ => He H.
rewrite [X in _ <= X](single_algebra L%:R kappa A t R e).
apply: ler_wpmul2l; first exact: ltW.
apply: ler_pmul => //; first by rewrite mulr_ge0 ?ler0n.
  exact: exprn_ge0.
by apply: ler_wpmul2l => //; rewrite ler0n.
Qed.

(* E e^{-tW} = phi(t)^L *)
Let total_transform (t : RR) : 0 <= t -> (\int[P]_o (rexp (- t * W o))%:E = (phi t ^+ L)%:E)%E.
Proof.
move=> /RleP t1.
have PR := iid_product_rule P1 mu1 HX.
have [I E] := PR (fun _ x => Rtrigo_def.exp (Rmult (Ropp t) (w x)))
  (fun _ x => Rlt_le _ _ (exp_pos _)) (fun _ => Pint_laplace mu1 mw w0 t1).
rewrite (eq_integral (fun o => (rprod L (fun i => Rtrigo_def.exp (Rmult (Ropp t) (w (X i o)))) : RR)%:E)); last first.
  by move=> o _; rewrite rprod_exp_sum rsumE.
by rewrite (Pmean_integral I) [Pmean _ _]E rprod_const RpowE.
Qed.

Let s0 : 0 < th * t0. Proof. exact: mulr_gt0. Qed.
Let ph0 : 0 <= ph. Proof. exact: le_trans (phi0 _) ph_ge. Qed.

Theorem fractional_participation : mu.-integrable setT (fun x => (Rpower.Rpower (w x) q : RR)%:E) ->
  (\int[P]_o (\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)%:E
   <= (fractional_constant q * weight_moment mu w q * L%:R / Rpower.Rpower (c * (L%:R - 1)) q
       + rexp (- th) * ph ^+ L / (1 - th))%:E)%E.
Proof.
move=> IM.
pose N o := \sum_(i < L) w (X i o) ^+ 2.
have mw2 : measurable_fun setT (fun x => w x ^+ 2) by exact: measurable_fun_sqr.
have mN : measurable_fun setT N by exact: (msum mw2).
have N0 o : 0 <= N o by apply: sumr_ge0 => i _; exact: sqr_ge0.
rewrite (eq_integral (fun o => (N o / W o ^+ 2)%:E)); last first.
  by move=> o _; congr EFin; rewrite mulr_suml; apply: eq_bigr => i _; rewrite exprMn exprVn.
rewrite (cut_identity P1 L_pos HX mw w0 t0_pos mN N0) EFinD.
pose one : T -> RR := cst 1.
have m1 : measurable_fun setT one by exact: measurable_fun_cst.
have one2 : Pint mu (fun x => one x ^+ 2).
  by apply: Pint_ext (Pint_const mu1 1) => x; rewrite expr1n.
have IA : Pint mu (fun x => Rpower.Rpower (w x) q * one x ^+ 2).
  by apply: Pint_ext IM => x; rewrite expr1n mulr1.
have AE : output_moment mu w one q = weight_moment mu w q.
  by rewrite /output_moment /weight_moment; congr Rintegral; apply/funext => x; rewrite expr1n mulr1.
have M0 : 0 <= weight_moment mu w q.
  by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin ltW// power_gt0.
have a0 : 0 <= L%:R * (kappa * weight_moment mu w q).
  by rewrite mulr_ge0 ?ler0n// mulr_ge0// ltW// power_gt0.
have E2 t : laplace_second mu w one t = laplace_power mu w 2 t.
  by rewrite /laplace_second /laplace_power; congr Rintegral; apply/funext => x; rewrite mulr1.
apply: lee_add.
- have G := head_le q1 q4 l1 a0.
  have H := @head_bound N (fun t => L%:R * laplace_power mu w 2 t * phi t ^+ (L - 1))
    (bump q (c * (L - 1)%:R) (L%:R * (kappa * weight_moment mu w q))) _ mN N0 _ _ (fun t _ => bump0 _ _ _ a0) (mbump _ _ _) G.
  apply: le_trans (H _ _) _.
  + by move=> t t1; rewrite (sum_mean P1 mu1 HX mw w0 t1 (@Pint_weight_power _ _ mu mu1 w mw w0 2 t t1)).
  + move=> t tD; have t1 : 0 < t by have := D0 tD; rewrite half_lineP.
    apply: single_le => //; first by rewrite -E2; exact: laplace_second_ge0.
    by rewrite -E2 -AE; exact: second_le.
  rewrite lee_fin le_eqVlt natrB//; apply/orP; left; apply/eqP.
  exact: single_total.
have mF : measurable_fun setT (cst 1 : Om -> RR) by exact: measurable_fun_cst.
apply: (le_trans (tail_le L_pos HX mw w0 t0_pos th_pos th_lt1 mN N0 mF (fun=> ler01) _)).
  move=> o; rewrite mulr1 expr2 mulr_suml; apply: ler_sum => i _; rewrite expr2.
  apply: ler_wpmul2l; first exact: ltW.
  by rewrite /W (bigD1 i)//= ler_addl; apply: sumr_ge0 => j _; exact: ltW.
rewrite (eq_integral (fun o => (rexp (- (th * t0) * W o))%:E)); last by move=> o _; rewrite mul1r.
rewrite total_transform ?(ltW s0)// -EFinM lee_fin mulrAC; apply: ler_wpmul2r.
  by rewrite invr_ge0 subr_ge0 ltW.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
by apply: ler_expn2r; rewrite ?nnegrE.
Qed.

(* ---- the error, one coordinate ---- *)

Variable q' : RR.
Hypothesis q'1 : 1 <= q'.
Hypothesis q'2 : q' <= 2%:R.
Variable f : T -> RR.
Hypothesis mf : measurable_fun setT f.
Hypothesis If2 : mu.-integrable setT (fun x => (f x ^+ 2)%:E).
Hypothesis IM : mu.-integrable setT (fun x => (Rpower.Rpower (w x) q' : RR)%:E).
Hypothesis IA : mu.-integrable setT (fun x => (Rpower.Rpower (w x) q * f x ^+ 2)%:E).
Hypothesis IA' : mu.-integrable setT (fun x => (Rpower.Rpower (w x) q' * f x ^+ 2)%:E).
Hypothesis Ewf : \int[mu]_x (w x * f x) = 0.
Let If : Pint mu f. Proof. exact: Pint_of_sq. Qed.

Let IMf : Pint mu (fun x => Rpower.Rpower (w x) q' * `|f x|).
Proof.
have I := Pint_lin (1 : RR) (1 : RR) IM IA'.
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I) => [|x].
  apply: measurable_funM; first exact: measurable_fun_power.
  exact: (measurable_fun_comp (@measurable_fun_normr _ _) mf).
rewrite add0r RplusE !RmultE !mul1r normrM normr_id (ger0_norm (ltW (power_gt0 _ _))).
rewrite -[X in _ <= X + _]mulr1 -mulrDr; apply: ler_wpmul2l; first exact/ltW/power_gt0.
exact: norm_le_1_plus_sq.
Qed.

Let Iwf : Pint mu (fun x => w x * f x).
Proof.
have I := Pint_lin (1 : RR) (1 : RR) If2 (Pint_lin (1 : RR) (1 : RR) IMf (integrable_abse measurableT If)).
have := Pint_lin (1 : RR) (1 : RR) IMf (integrable_abse measurableT If) => I2.
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ I2) => [|x]; first exact: measurable_funM.
rewrite add0r RplusE !RmultE !mul1r normrM (ger0_norm (ltW (w0 x))).
have := fractional_abstract.le_one_plus_power (w x) q' (w0R x) (elimT (RleP _ _) q'1).
move=> /RleP; rewrite RplusE => H; rewrite addrC -[X in X + _]mul1r -mulrDl.
exact: ler_wpmul2r.
Qed.

(* (E[w f e^{-tw}])^2 <= t^{2q'-2} M A' *)
Let first_le t : 0 < t -> laplace_first mu w f t ^+ 2
  <= Rpower.Rpower t (2%:R * q' - 2%:R) * (weight_moment mu w q' * output_moment mu w f q').
Proof.
move=> t1; have I2 := @Pint_first _ _ mu mu1 w mw w0 f t t1 mf If.
have IA2 : Pint mu (fun x => Rmult (Rpower.Rpower (w x) q') (pow (f x) 2)).
  by apply: Pint_ext IA' => x; rewrite pow2E.
have q'R : Rle 1 q' /\ Rle q' 2 by split; apply/RleP; rewrite ?IZR2E.
have := @fractional_abstract.first_moment_le T Emu w w0R f t (elimT (RltP _ _) t1) q' q'R Ewf Iwf I2 IM IA2 IMf.
have -> : Ex Emu (fun x => Rmult (Rpower.Rpower (w x) q') (pow (f x) 2)) = output_moment mu w f q' :> RR.
  by rewrite -[Ex Emu _]/(Pmean mu _) /Pmean /output_moment /Rintegral; congr fine; apply: eq_integral => x _; rewrite pow2E.
by move=> /RleP; rewrite pow2E !RmultE RminusE IZR2E; exact.
Qed.

Let pair_le (t : RR) : D t ->
  t * (L%:R * (L%:R - 1) * laplace_first mu w f t ^+ 2 * phi t ^+ (L - 2))
  <= bump (2%:R * q') (c * (L - 2)%:R) (L%:R * (L%:R - 1) * (weight_moment mu w q' * output_moment mu w f q')) t.
Proof.
move=> tD; have t1 : 0 < t by have := D0 tD; rewrite half_lineP.
have L1 : 0 <= L%:R - 1 :> RR by rewrite subr_ge0 ler1n.
have H := first_le t1.
rewrite /bump -power_shift//; move: (transform_power_le (L - 2) tD) H.
set e := rexp _; set A := weight_moment _ _ _ * _; set R := Rpower.Rpower t _ => He H.
rewrite [X in _ <= X](pair_algebra (L%:R * (L%:R - 1)) A t R e).
apply: ler_wpmul2l; first exact: ltW.
apply: ler_pmul => //; first by rewrite mulr_ge0 ?sqr_ge0// mulr_ge0 ?ler0n.
  exact: exprn_ge0.
by apply: ler_wpmul2l => //; rewrite mulr_ge0 ?ler0n.
Qed.

Lemma fractional_scalar :
  (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E
   <= (fractional_bound L q q' th c ph (output_moment mu w f q) (weight_moment mu w q')
        (output_moment mu w f q') (\int[mu]_x (f x ^+ 2)))%:E)%E.
Proof.
have L1 : 0 <= L%:R - 1 :> RR by rewrite subr_ge0 ler1n.
pose u x := w x * f x.
pose N o := (\sum_(i < L) u (X i o)) ^+ 2.
have mu_ : measurable_fun setT u by exact: measurable_funM.
have mN : measurable_fun setT N by exact/measurable_fun_sqr/msum.
have N0 o : 0 <= N o by exact: sqr_ge0.
have wmE o : weighted_mean L X w f o = (\sum_(i < L) u (X i o)) / W o.
  by rewrite /weighted_mean mulr_suml; apply: eq_bigr => i _; rewrite mulrAC.
rewrite (eq_integral (fun o => (N o / W o ^+ 2)%:E)); last first.
  by move=> o _; congr EFin; rewrite wmE exprMn exprVn.
rewrite (cut_identity P1 L_pos HX mw w0 t0_pos mN N0) /fractional_bound EFinD.
have If2' : Pint mu (fun x => `|f x| ^+ 2).
  by apply: Pint_ext If2 => x; rewrite real_normK ?num_real.
have I1 t : 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)).
  by move=> t1; exact: Pint_first.
have I2 t : 0 < t -> Pint mu (fun x => u x ^+ 2 * rexp (- t * w x)).
  move=> t1; have := @Pint_weight_function _ _ mu mu1 w mw w0 2 2 f t t1 mf If2'; apply: Pint_ext => x.
  by rewrite /u exprMn.
have A0 p : 0 <= output_moment mu w f p.
  by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin mulr_ge0 ?sqr_ge0// ltW// power_gt0.
have M0 : 0 <= weight_moment mu w q'.
  by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin ltW// power_gt0.
pose a1 : RR := L%:R * (kappa * output_moment mu w f q).
pose a2 : RR := L%:R * (L%:R - 1) * (weight_moment mu w q' * output_moment mu w f q').
have a10 : 0 <= a1 by rewrite mulr_ge0 ?ler0n// mulr_ge0// ltW// power_gt0.
have a20 : 0 <= a2 by rewrite mulr_ge0// mulr_ge0// ler0n.
have p1 : 1 <= 2%:R * q' by rewrite mulr_natl mulr2n (le_trans q'1)// ler_addl (le_trans ler01).
have p4 : 2%:R * q' <= 4%:R by rewrite (_ : 4%:R = 2%:R * 2%:R :> RR) ?ler_wpmul2l ?ler0n// -natrM.
apply: lee_add.
- pose B t := bump q (c * (L - 1)%:R) a1 t + bump (2%:R * q') (c * (L - 2)%:R) a2 t.
  have G : (\int[lebesgue_line]_(t in half_line) (B t)%:E =
      (a1 * (gamma_function q / Rpower.Rpower (c * (L - 1)%:R) q)
       + a2 * (gamma_function (2%:R * q') / Rpower.Rpower (c * (L - 2)%:R) (2%:R * q')))%:E)%E.
    under eq_integral do rewrite EFinD.
    rewrite (ge0_integralD lebesgue_line measurable_half_line (fun t _ => bump0 _ _ _ a10 : (0 <= (bump _ _ _ t)%:E)%E) (mbump _ _ _)
      (fun t _ => bump0 _ _ _ a20 : (0 <= (bump _ _ _ t)%:E)%E) (mbump _ _ _)).
    by rewrite (head_le q1 q4 l1 a10) (head_le p1 p4 l2 a20) EFinD.
  have mB : measurable_fun half_line (fun t => (B t)%:E) by exact: (emeasurable_funD (mbump _ _ _) (mbump _ _ _)).
  have B0 t : 0 < t -> 0 <= B t by move=> _; rewrite addr_ge0// bump0.
  have H := @head_bound N (fun t => L%:R * laplace_second mu w f t * phi t ^+ (L - 1)
     + L%:R * (L%:R - 1) * laplace_first mu w f t ^+ 2 * phi t ^+ (L - 2)) B _ mN N0 _ _ B0 mB G.
  apply: le_trans (H _ _) _.
  + by move=> t t1; rewrite (square_mean P1 mu1 HX mw w0 t1 (I1 t t1) (I2 t t1)).
  + move=> t tD; have t1 : 0 < t by have := D0 tD; rewrite half_lineP.
    rewrite mulrDr; apply: ler_add; last exact: pair_le.
    apply: single_le => //; first exact: laplace_second_ge0.
    exact: second_le.
  rewrite lee_fin !natrB//; last exact: ltnW.
  rewrite le_eqVlt; apply/orP; left; apply/eqP; congr (_ + _); first exact: single_total.
  exact: pair_total.
pose F o := \sum_(i < L) f (X i o) ^+ 2.
have mf2 : measurable_fun setT (fun x => f x ^+ 2) by exact: measurable_fun_sqr.
have mF : measurable_fun setT F by exact: (msum mf2).
have F0 o : 0 <= F o by apply: sumr_ge0 => i _; exact: sqr_ge0.
apply: (le_trans (tail_le L_pos HX mw w0 t0_pos th_pos th_lt1 mN N0 mF F0 _)).
  move=> o; have Wn : W o ^+ 2 != 0 by rewrite gt_eqF// exprn_gt0.
  have -> : N o = W o ^+ 2 * weighted_mean L X w f o ^+ 2.
    by rewrite wmE exprMn exprVn [RHS]mulrC divfK.
  apply: ler_wpmul2l; first exact: sqr_ge0.
  rewrite weighted_meanE -pow2E /F.
  have := self_normalised_sq_le_sum L (fun i => w (X i o)) (elimT ssrnat.ltP L_pos) (fun i _ => w0R (X i o)) (fun i => f (X i o)).
  move=> /RleP; rewrite rsumE => /le_trans; apply; rewrite le_eqVlt; apply/orP; left; apply/eqP.
  by apply: eq_bigr => i _; rewrite pow2E.
have I3 : Pint mu (fun x => f x ^+ 2 * rexp (- (th * t0) * w x)).
  have := @Pint_weight_function _ _ mu mu1 w mw w0 0 2 f _ s0 mf If2'; apply: Pint_ext => x.
  by rewrite expr0 mul1r.
rewrite (sum_mean P1 mu1 HX mw w0 s0 I3) -EFinM lee_fin mulrAC; apply: ler_wpmul2r.
  by rewrite invr_ge0 subr_ge0 ltW.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
apply: ler_pmul; [|exact: exprn_ge0| |by apply: ler_expn2r; rewrite ?nnegrE].
  rewrite mulr_ge0 ?ler0n//; apply/fine_ge0/integral_ge0 => x _.
  by rewrite lee_fin mulr_ge0 ?sqr_ge0//; exact/ltW/rexp_gt0.
apply: ler_wpmul2l; first by rewrite ler0n.
apply/RleP; apply: (@Pmean_mono _ _ mu _ _ I3 If2) => x; apply/RleP.
rewrite ler_pimulr ?sqr_ge0// -[1](exp_0); apply/RleP/exponential_bounds.exp_le_compat/RleP.
by rewrite mulNr oppr_le0 mulr_ge0 ?(ltW s0) ?ltW.
Qed.
End Scalar.

Section FractionalMoments.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.

Theorem fractional_moments (q q' t0 th c ph : RR) (n : nat) (f : 'I_n -> T -> RR) :
  (3 <= L)%N -> 1 <= q <= 2%:R -> 1 <= q' <= 2%:R -> 0 < t0 -> 0 < th < 1 -> 0 < c ->
  laplace_transform mu w t0 <= rexp (- (c * t0)) -> laplace_transform mu w (th * t0) <= ph ->
  (forall k, measurable_fun setT (f k)) ->
  (forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E)) ->
  mu.-integrable setT (fun x => (Rpower.Rpower (w x) q' : RR)%:E) ->
  (forall k, mu.-integrable setT (fun x => (Rpower.Rpower (w x) q * f k x ^+ 2)%:E)) ->
  (forall k, mu.-integrable setT (fun x => (Rpower.Rpower (w x) q' * f k x ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let A p := \sum_(k < n) output_moment mu w (f k) p in
  let F0 := \sum_(k < n) \int[mu]_x (f k x ^+ 2) in
  is_true (\int[P]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E
   <= (fractional_bound L q q' th c ph (A q) (weight_moment mu w q') (A q') F0)%:E)%E.
Proof.
move=> L3 /andP[q1 q2] /andP[q'1 q'2] t1 /andP[th0 th1] c1 Hc Hp mf If2 IM IA IA' Ewf A F0.
have L0 : (0 < L)%N by exact: leq_trans L3.
rewrite (eq_integral (fun o => (\sum_(k < n) ((weighted_mean L X w (f k) o) ^+ 2)%:E)%E)); last first.
  by move=> o _; rewrite sumEFin.
rewrite ge0_integral_sum//; last 2 first.
- move=> k; apply/EFin_measurable_fun/measurable_fun_sqr.
  by apply: measurable_weighted_mean => //; exact: (proj1 HX).
- by move=> k o _; rewrite lee_fin sqr_ge0.
rewrite /fractional_bound /A /F0 !mulr_sumr !mulr_suml !mulr_sumr !mulr_suml -!big_split /= -sumEFin.
apply: lee_sum => k _.
exact: (fractional_scalar P1 mu1 L3 HX mw w0 t1 th0 th1 c1 Hc Hp q1 q2 q'1 q'2 (mf k) (If2 k) IM (IA k) (IA' k) (Ewf k)).
Qed.
End FractionalMoments.
