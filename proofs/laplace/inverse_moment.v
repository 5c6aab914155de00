(* Theorem T5 (laplace-bound), negative moments, for i.i.d. tokens of any law:
   with E w = 1, rho = E w^2, kap = E w^{-1}, n >= k >= 1 and 0 < th <= 1,

     I_k(n) = E (w(X_0) + ... + w(X_{n-1}))^{-k}

   is at most each of (inverse_moment and inverse_moment_two_split)

     (n (1-th/2))^{-k} + (kap/k)^k exp(-(n-k)(th/rho)(1-th/2)),
     (n (1-th/2))^{-k} + (n/2)^{-k} Q_k(n th/(2 rho)) + (kap/k)^k exp(-(n-k)/(2 rho)),

   Q_k(x) = e^{-x} sum_{j<k} x^j/j!.

   inverse_moment_splits states both, the choice of the splits being its argument. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.laplace Require Import inverse_moment_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section InverseMoment.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Variables (n k : nat) (X : nat -> Om -> T) (w : T -> RR) (th : RR).

Theorem inverse_moment_splits (form : splits) :
  P setT = 1%E -> mu setT = 1%E -> iid_with_law P mu n X ->
  (0 < k <= n)%N -> 0 < th <= 1 ->
  measurable_fun setT w -> (forall x, 0 < w x) ->
  \int[mu]_x w x = 1 ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((w x)^-1)%:E) ->
  let rho := \int[mu]_x (w x ^+ 2) in
  let kap := \int[mu]_x (w x)^-1 in
  is_true (\int[P]_o (((\sum_(i < n) w (X i o)) ^+ k)^-1)%:E
    <= (inverse_moment_split_bound form k n%:R rho kap th : RR)%:E)%E.
Proof.
move=> P1 mu1 HX /andP[k0 kn] /andP[h1 h2] mw w0 w_mean Iw2 Iwinv rho kap.
have mX i : (i < n)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have n0 : (0 < n)%N by exact: leq_trans kn.
have w0R x : Rlt 0 (w x) by apply/RltP.
have Iw : Pint mu w by exact: Pint_of_sq.
have Iw2' : Pint mu (fun x => pow (w x) 2) by apply: Pint_ext Iw2 => x; rewrite pow2E.
have Iwinv' : Pint mu (fun x => Rinv (w x)) by apply: Pint_ext Iwinv => x; rewrite RinvE'.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
have PR := iid_product_rule P1 mu1 HX.
have Il := Pint_laplace mu1 mw w0.
pose S o := Rinv (pow (rsum n (fun i => w (X i o))) k).
have SE o : S o = ((\sum_(i < n) w (X i o)) ^+ k)^-1 :> RR.
  by rewrite /S RinvE' RpowE rsumE.
have S0 o : 0 < (S o : RR).
  rewrite SE invr_gt0 exprn_gt0// (bigD1 (Ordinal n0))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have mS : measurable_fun setT (S : Om -> RR).
  rewrite (_ : S = fun o => ((\sum_(i < n) w (X i o)) ^+ k)^-1 : RR); last by apply/funext => o; rewrite SE.
  apply: measurable_fun_invr_pos => [|o]; last by rewrite -invr_gt0 -SE.
  have mW : measurable_fun setT (fun o => \sum_(i < n) w (X i o)).
    apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_n) o => w (X j o))) => j.
    by apply: (measurable_fun_comp mw); exact: mX.
  clear -mW; elim: k => [|j IH].
    rewrite (_ : (fun x => _) = cst 1); first exact: measurable_fun_cst.
    by apply/funext => o; rewrite expr0.
  rewrite (_ : (fun x => _) = (fun o => \sum_(i < n) w (X i o)) \* (fun o => (\sum_(i < n) w (X i o)) ^+ j)).
    exact: measurable_funM.
  by apply/funext => o; rewrite exprS.
have IS : Pint P S.
  have [IM _] := @moment_majorant_mean _ _ EP Emu X n k w PR (elimT ssrnat.ltP k0) (elimT ssrnat.leP kn)
    w0R Iwinv' Il 1 (IZR 0) PeanoNat.Nat.lt_0_1 (Rle_refl _).
  apply: (@Pint_dominated _ _ P P1 0 S _ mS IM) => o.
  rewrite add0r ger0_norm ?(ltW (S0 o))//; apply/RleP.
  apply: (inverse_power_dominated X n k w (elimT ssrnat.ltP k0) (elimT ssrnat.leP kn) w0R).
    exact: PeanoNat.Nat.lt_0_1.
  exact: Rle_refl.
under eq_integral do rewrite -SE.
rewrite (Pmean_integral IS) lee_fin; apply/RleP.
have := @inverse_moment_split_le _ _ EP Emu X n k w PR (elimT ssrnat.ltP k0) (elimT ssrnat.leP kn)
  w0R Iw w_mean Iw2' Iwinv' Il form th (conj (elimT (RltP _ _) h1) (elimT (RleP _ _) h2)) IS.
have rhoE : Pmean mu (fun x => pow (w x) 2) = rho.
  by rewrite /Pmean /rho /Rintegral; congr fine; apply: eq_integral => x _; rewrite pow2E.
have kapE : Pmean mu (fun x => Rinv (w x)) = kap.
  by rewrite /Pmean /kap /Rintegral; congr fine; apply: eq_integral => x _; rewrite RinvE'.
by rewrite INRE -[Ex Emu]/(Pmean mu) rhoE kapE.
Qed.

Theorem inverse_moment :
  P setT = 1%E -> mu setT = 1%E -> iid_with_law P mu n X ->
  (0 < k <= n)%N -> 0 < th <= 1 ->
  measurable_fun setT w -> (forall x, 0 < w x) ->
  \int[mu]_x w x = 1 ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((w x)^-1)%:E) ->
  let rho := \int[mu]_x (w x ^+ 2) in
  let kap := \int[mu]_x (w x)^-1 in
  is_true (\int[P]_o (((\sum_(i < n) w (X i o)) ^+ k)^-1)%:E
    <= (inverse_moment_bound k n%:R rho kap th : RR)%:E)%E.
Proof. exact: (inverse_moment_splits one_split). Qed.

Theorem inverse_moment_two_split :
  P setT = 1%E -> mu setT = 1%E -> iid_with_law P mu n X ->
  (0 < k <= n)%N -> 0 < th <= 1 ->
  measurable_fun setT w -> (forall x, 0 < w x) ->
  \int[mu]_x w x = 1 ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((w x)^-1)%:E) ->
  let rho := \int[mu]_x (w x ^+ 2) in
  let kap := \int[mu]_x (w x)^-1 in
  is_true (\int[P]_o (((\sum_(i < n) w (X i o)) ^+ k)^-1)%:E
    <= (inverse_moment_two_split_bound k n%:R rho kap th : RR)%:E)%E.
Proof. exact: (inverse_moment_splits two_splits). Qed.
End InverseMoment.
