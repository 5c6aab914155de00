(* E[N/W^2] cut at t0, for theorem T15: W the total weight of i.i.d. tokens, N >= 0.

     inverse_square_tail t0 W   (1 + t0 W) e^{-t0 W} / W^2 = INT_{t0}^oo t e^{-tW} dt
     inverse_square_head        INT_0^{t0} t e^{-tW} dt = 1/W^2 - inverse_square_tail t0 W
     cut_identity               E[N/W^2] = INT_0^{t0} t E[N e^{-tW}] dt + E[N inverse_square_tail]
     tail_le                    if N <= W^2 F, the second term is at most
                                e^{-th}/(1-th) E[F e^{-th t0 W}], 0 < th < 1 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require Import gamma_integral.
From AttentionBounds.laplace Require inverse_power fractional_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* l k a t r e, in two orders *)
Lemma single_algebra (l k a t r e : RR) : l * (k * a) * (t * r * e) = t * (l * (k * r * a) * e).
Proof.
change (@eq R (Rmult (Rmult l (Rmult k a)) (Rmult (Rmult t r) e))
  (Rmult t (Rmult (Rmult l (Rmult (Rmult k r) a)) e))); ring.
Qed.

Lemma pair_algebra (l a t r e : RR) : l * a * (t * r * e) = t * (l * (r * a) * e).
Proof.
change (@eq R (Rmult (Rmult l a) (Rmult (Rmult t r) e)) (Rmult t (Rmult (Rmult l (Rmult r a)) e))); ring.
Qed.

Lemma single_total (l k a g b : RR) : l * (k * a) * (g / b) = g * k * a * l / b.
Proof.
rewrite ![_ / b]mulrC; move: b^-1 => z.
change (@eq R (Rmult (Rmult l (Rmult k a)) (Rmult z g)) (Rmult z (Rmult (Rmult (Rmult g k) a) l))); ring.
Qed.

Lemma pair_total (l a g b : RR) : l * a * (g / b) = g * a * l / b.
Proof.
rewrite ![_ / b]mulrC; move: b^-1 => z.
change (@eq R (Rmult (Rmult l a) (Rmult z g)) (Rmult z (Rmult (Rmult g a) l))); ring.
Qed.

(* ---- the square of the inverse total weight, cut at t0 ---- *)

Definition inverse_square_tail (t0 W : RR) : RR := (1 + t0 * W) * rexp (- (t0 * W)) / W ^+ 2.

Lemma inverse_square_head (t0 W : RR) : 0 <= t0 -> 0 < W ->
  (\int[lebesgue_line]_(t in [set` `]0%R, t0]%R]) (t ^+ 1 / (1`!)%:R * rexp (- t * W))%:E
   = ((W ^+ 2)^-1 - inverse_square_tail t0 W)%:E)%E.
Proof.
move=> t0_ge0 /RltP W0.
pose F (t : RR) : RR := Ropp (inverse_power.inverse_power_tail 2 t W).
pose f (t : RR) : RR := Rdiv (Rmult (Rtrigo_def.exp (Rmult (Ropp t) W)) (pow t 1)) (INR (Factorial.fact 1)).
have fE t : t ^+ 1 / (1`!)%:R * rexp (- t * W) = f t.
  by rewrite /f RdivE' factE !RmultE RpowE RoppE mulrC mulrA.
under eq_integral do rewrite fE.
rewrite (@initial_integral f F _ _ _ t0 t0_ge0).
- congr EFin; rewrite /F inverse_power.inverse_power_tail_0//; last exact/ssrnat.ltP.
  rewrite RinvE' RpowE !RoppE opprK addrC; congr (_ - _).
  have W2 : W ^+ 2 != 0 by rewrite gt_eqF// exprn_gt0//; exact/RltP.
  apply: (mulIf W2); rewrite /inverse_square_tail divfK//.
  by have := fractional_abstract.inverse_square_tail t0 W W0; rewrite RpowE !RmultE RplusE.
- by move=> x; rewrite /f; reg; exact: INR_fact_neq_0.
- move=> x x0; rewrite -fE mulr_ge0 ?divr_ge0 ?exprn_ge0 ?ler0n//; exact/ltW/rexp_gt0.
- move=> x; rewrite -[f x]opprK; apply: derivable_pt_lim_opp.
  exact: inverse_power.inverse_power_tail_derivative.
Qed.

Section Cut.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis L_pos : (0 < L)%N.
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Variables (t0 th : RR).
Hypothesis t0_pos : 0 < t0.
Hypothesis th_pos : 0 < th.
Hypothesis th_lt1 : th < 1.
Let mX := proj1 HX.
Let W o := \sum_(j < L) w (X j o).
Let D : set RR := [set` `]0%R, t0]%R].

Let mD : measurable D. Proof. exact: measurable_itv. Qed.
Let D0 : D `<=` half_line.
Proof. by move=> t; rewrite /D /= in_itv/= => /andP[h _]; rewrite half_lineP. Qed.
Let mW : measurable_fun setT W.
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j.
by apply: (measurable_fun_comp mw); exact: mX.
Qed.
Let W0 o : 0 < W o.
Proof.
rewrite /W (bigD1 (Ordinal L_pos))//= ltr_paddr//.
by apply: sumr_ge0 => j _; exact/ltW.
Qed.
Let mtail : measurable_fun setT (fun o => inverse_square_tail t0 (W o)).
Proof.
apply: measurable_funM.
  apply: measurable_funM.
    by apply: measurable_funD; [exact: measurable_fun_cst|exact: measurable_funrM].
  apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funN.
  exact: measurable_funrM.
apply: measurable_fun_invr_pos => [|o]; last by rewrite exprn_gt0.
exact: measurable_fun_sqr.
Qed.
Let tail0 o : 0 <= inverse_square_tail t0 (W o).
Proof.
rewrite divr_ge0 ?exprn_ge0 ?(ltW (W0 o))// mulr_ge0 ?(ltW (rexp_gt0 _))// addr_ge0// mulr_ge0 ?ltW//.
Qed.

Variable N : Om -> RR.
Hypothesis mN : measurable_fun setT N.
Hypothesis N0 : forall o, 0 <= N o.

(* E[N/W^2] = INT_0^{t0} t E[N e^{-tW}] dt + E[N tail] *)
Lemma cut_identity : (\int[P]_o (N o / W o ^+ 2)%:E =
  \int[lebesgue_line]_(t in D) ((t ^+ 1 / (1`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E)
  + \int[P]_o (N o * inverse_square_tail t0 (W o))%:E)%E.
Proof.
have headE o := inverse_square_head (ltW t0_pos) (W0 o).
have head0 o : 0 <= (W o ^+ 2)^-1 - inverse_square_tail t0 (W o).
  rewrite -lee_fin -headE; apply: integral_ge0 => t /D0; rewrite half_lineP => t0'.
  by rewrite lee_fin mulr_ge0 ?divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0')//; exact/ltW/rexp_gt0.
rewrite -(domain_tonelli P1 1 mN N0 mW mD D0).
rewrite (eq_integral (fun o => (N o * ((W o ^+ 2)^-1 - inverse_square_tail t0 (W o)))%:E
   + (N o * inverse_square_tail t0 (W o))%:E)%E); last first.
  by move=> o _; rewrite -EFinD -mulrDr subrK.
rewrite ge0_integralD//.
- by congr (_ + _)%E; apply: eq_integral => o _; rewrite headE EFinM.
- by move=> o _; rewrite lee_fin mulr_ge0.
- apply/EFin_measurable_fun/measurable_funM => //; apply: measurable_funB => //.
  apply: measurable_fun_invr_pos => [|o]; last by rewrite exprn_gt0.
  exact: measurable_fun_sqr.
- by move=> o _; rewrite lee_fin mulr_ge0.
- by apply/EFin_measurable_fun/measurable_funM.
Qed.

(* if N <= W^2 F: the tail is at most e^{-th}/(1-th) E[F e^{-th t0 W}] *)
Lemma tail_le (F : Om -> RR) : measurable_fun setT F -> (forall o, 0 <= F o) ->
  (forall o, N o <= W o ^+ 2 * F o) ->
  (\int[P]_o (N o * inverse_square_tail t0 (W o))%:E
   <= (rexp (- th) / (1 - th))%:E * \int[P]_o (F o * rexp (- (th * t0) * W o))%:E)%E.
Proof.
move=> mF F0 NF.
have c0 : 0 <= rexp (- th) / (1 - th) by rewrite divr_ge0 ?(ltW (rexp_gt0 _))// subr_ge0 ltW.
have mE : measurable_fun setT (fun o => (F o * rexp (- (th * t0) * W o))%:E).
  apply/EFin_measurable_fun/measurable_funM => //.
  by apply: (measurable_fun_comp measurable_fun_exp); exact: measurable_funrM.
have E0 o : (0 <= (F o * rexp (- (th * t0) * W o))%:E)%E.
  by rewrite lee_fin mulr_ge0//; exact/ltW/rexp_gt0.
rewrite -ge0_integralM//; apply: ge0_le_integral => //.
- by move=> o _; rewrite lee_fin mulr_ge0.
- by apply/EFin_measurable_fun/measurable_funM.
- by move=> o _; rewrite mule_ge0// lee_fin.
- exact: measurable_funeM.
move=> o _; rewrite -EFinM lee_fin /inverse_square_tail.
have Wn : W o ^+ 2 != 0 by rewrite gt_eqF// exprn_gt0.
apply: (@le_trans _ _ (W o ^+ 2 * F o * ((1 + t0 * W o) * rexp (- (t0 * W o)) / W o ^+ 2))).
  by apply: ler_wpmul2r => //; exact: tail0.
rewrite [X in X <= _](_ : _ = F o * ((1 + t0 * W o) * rexp (- (t0 * W o)))); last first.
  by rewrite [LHS]mulrC [LHS]mulrA divfK// [LHS]mulrC.
rewrite [X in _ <= X]mulrCA; apply: ler_wpmul2l => //.
have := fractional_abstract.tail_exp_le th (t0 * W o) (conj (elimT (RltP _ _) th_pos) (elimT (RltP _ _) th_lt1)).
by move=> /RleP; rewrite !RmultE RplusE !RoppE RdivE' RminusE mulNr mulrA.
Qed.
End Cut.
